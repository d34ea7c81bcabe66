using System.Net;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Images;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Containers;

/// <summary>The service in a container, as the manifests run it: read-only root, no capabilities, no way to gain any.</summary>
internal sealed class EchoContainer : IAsyncDisposable
{
    public const int EchoPort = 7007;
    public const int ManagementPort = 8080;

    private readonly IContainer _container;
    private readonly HttpClient _http = new() { Timeout = Eventually.Deadline };

    private EchoContainer(IContainer container) => _container = container;

    public string Id => _container.Id;

    /// <summary>The echo port as the engine publishes it.</summary>
    public IPEndPoint Published => new(IPAddress.Loopback, _container.GetMappedPublicPort(EchoPort));

    /// <summary>The management API as the engine publishes it.</summary>
    public Uri Management => new($"http://127.0.0.1:{_container.GetMappedPublicPort(ManagementPort)}");

    public HttpClient Http => _http;

    /// <summary>Starts it and waits until it is ready.</summary>
    /// <param name="environment">Its settings, as <c>Echo__MaxConnections</c>.</param>
    /// <param name="memory">The most bytes that it may use, swap included; 0 for no limit.</param>
    public static async Task<EchoContainer> StartAsync(IDictionary<string, string>? environment = null, long memory = 0)
    {
        // Testcontainers blocks where it asks for the engine, which on a socket's own thread would never be answered.
        await EchoClient.LeaveSocketThreadAsync();
        var container = new ContainerBuilder(ContainerImage.Name)
            // Built just now, and in no registry.
            .WithImagePullPolicy(PullPolicy.Never)
            .WithLabel(ContainerImage.Label, Repository.Root)
            .WithEnvironment(new Dictionary<string, string>(environment ?? new Dictionary<string, string>()))
            .WithPortBinding(EchoPort, assignRandomHostPort: true)
            .WithPortBinding(ManagementPort, assignRandomHostPort: true)
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
            })
            // From outside: the image has no shell to look from inside with. The default is to wait for an hour.
            .WithWaitStrategy(Wait.ForUnixContainer().UntilHttpRequestIsSucceeded(
                request => request.ForPath("/readyz").ForPort(ManagementPort),
                strategy => strategy.WithTimeout(TimeSpan.FromMinutes(1)).WithInterval(TimeSpan.FromMilliseconds(50))))
            .Build();
        var service = new EchoContainer(container);
        try
        {
            await container.StartAsync(TestContext.Current.CancellationToken);
            await EchoClient.LeaveSocketThreadAsync();
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// The address of the container itself, where the engine's network can be reached. Docker publishes ports on loopback
    /// through a proxy process, which turns a reset into a FIN and buffers; where that matters a test goes around it.
    /// </summary>
    public async Task<IPEndPoint> DirectAsync() => OperatingSystem.IsLinux()
        ? new(IPAddress.Parse(await Docker.InspectAsync(Id, "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")), EchoPort)
        : Published;

    /// <summary>The service behind the published ports.</summary>
    public EchoTarget Target() => new(Published, Management);

    public async Task<string> GetAsync(string path)
    {
        var answer = await _http.GetStringAsync(new Uri(Management, path), TestContext.Current.CancellationToken);
        await EchoClient.LeaveSocketThreadAsync();
        return answer;
    }

    public async Task<(string Output, long ExitCode)> ExecAsync(params string[] command)
    {
        await EchoClient.LeaveSocketThreadAsync();
        var result = await _container.ExecAsync(command, TestContext.Current.CancellationToken);
        await EchoClient.LeaveSocketThreadAsync();
        return (result.Stdout + result.Stderr, result.ExitCode ?? -1);
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
        _http.Dispose();
        // Not a stop first, which would wait for a drain.
        await ChildProcess.RunAsync("docker", "rm", "--force", "--volumes", Id);
        await _container.DisposeAsync();
        await EchoClient.LeaveSocketThreadAsync();
    }
}
