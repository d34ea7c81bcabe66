using System.Net;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Images;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Testcontainers;

namespace EchoService.IntegrationTests.Containers;

/// <summary>The module's container, of the image that is tested and as the manifests run it: read-only root, no capabilities, no way to gain any.</summary>
internal sealed class EchoContainer : IAsyncDisposable
{
    private readonly EchoServiceContainer _container;

    private EchoContainer(EchoServiceContainer container) => _container = container;

    public string Id => _container.Id;

    /// <summary>The echo port as the engine publishes it.</summary>
    public IPEndPoint Published => _container.EchoEndPoint;

    /// <summary>The container itself, where the engine's network can be reached; elsewhere as it is published.</summary>
    public IPEndPoint Direct => OperatingSystem.IsLinux() ? _container.DirectEchoEndPoint : Published;

    public EchoManagementClient Management => _container.Management;

    /// <summary>The module's own view of it.</summary>
    public EchoServiceContainer Module => _container;

    /// <summary>Starts it and waits until it is ready.</summary>
    /// <param name="configure">What it is to be told.</param>
    /// <param name="memory">The most bytes that it may use, swap included; 0 for no limit.</param>
    public static async Task<EchoContainer> StartAsync(Func<EchoServiceBuilder, EchoServiceBuilder>? configure = null, long memory = 0)
    {
        // Testcontainers blocks where it asks for the engine, which on a socket's own thread would never be answered.
        await EchoClient.LeaveSocketThreadAsync();
        var builder = new EchoServiceBuilder(ContainerImage.Name)
            // Built just now, and in no registry.
            .WithImagePullPolicy(PullPolicy.Never)
            .WithRemovalOnDispose()
            .WithLabel(ContainerImage.Label, Repository.Root)
            .WithCreateParameterModifier(parameters =>
            {
                var host = parameters.HostConfig!;
                host.ReadonlyRootfs = true;
                host.CapDrop = ["ALL"];
                host.SecurityOpt = ["no-new-privileges"];
                host.Memory = memory;
                host.MemorySwap = memory;
                foreach (var binding in host.PortBindings.Values.SelectMany(bindings => bindings))
                {
                    binding.HostIP = "127.0.0.1";
                }
            });
        var service = new EchoContainer((configure?.Invoke(builder) ?? builder).Build());
        try
        {
            await service.StartAgainAsync();
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>The service behind the published ports.</summary>
    public EchoTarget Target() => new(Published, _container.ManagementAddress, _container.ApiKey);

    public async Task<ExecResult> ExecAsync(params string[] command)
    {
        await EchoClient.LeaveSocketThreadAsync();
        var result = await _container.ExecAsync(command, TestContext.Current.CancellationToken);
        await EchoClient.LeaveSocketThreadAsync();
        return result;
    }

    /// <summary>Starts it again, and waits until it is ready.</summary>
    public async Task StartAgainAsync()
    {
        await EchoClient.LeaveSocketThreadAsync();
        await _container.StartAsync(TestContext.Current.CancellationToken);
        await EchoClient.LeaveSocketThreadAsync();
    }

    /// <summary>Standard output and error so far.</summary>
    public Task<string> LogsAsync() => Docker.LogsAsync(Id);

    public async ValueTask DisposeAsync()
    {
        await EchoClient.LeaveSocketThreadAsync();
        await _container.DisposeAsync();
        await EchoClient.LeaveSocketThreadAsync();
    }
}
