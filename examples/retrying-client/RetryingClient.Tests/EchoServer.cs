using DotNet.Testcontainers.Images;
using EchoService.Testcontainers;
using Xunit;

namespace RetryingClient.Tests;

/// <summary>One server for all tests of a class, which takes a second to start. <c>ECHO_IMAGE</c> says which image it is.</summary>
public sealed class EchoServer : IAsyncLifetime
{
    private EchoServiceContainer? _container;

    public bool IsRunning => _container is not null;

    public EchoServiceContainer Container
    {
        get
        {
            Assert.SkipWhen(_container is null, "ECHO_IMAGE does not name an image of EchoService; `docker build --tag echoservice:tests .` makes one");
            return _container;
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("ECHO_IMAGE") is not { Length: > 0 } image)
        {
            return;
        }

        _container = new EchoServiceBuilder(image)
            .WithImagePullPolicy(PullPolicy.Missing)
            .WithRemovalOnDispose()
            .WithFaults()
            .WithDrain(readinessDelay: TimeSpan.Zero, spread: TimeSpan.Zero)
            .Build();
        await _container.StartAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_container is not null)
        {
            await _container.DisposeAsync();
        }
    }
}
