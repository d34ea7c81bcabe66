using EchoService.Transport;

namespace EchoService.Lifecycle;

/// <summary>Starts the data plane before the management API, and ends it before the management API goes.</summary>
internal sealed class ServiceLifecycle(EchoServer server) : IHostedLifecycleService
{
    /// <summary>Where the service is.</summary>
    public ServicePhase Phase { get; private set; }

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        server.Listen();
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        Phase = ServicePhase.Drained;
        server.Dispose();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
