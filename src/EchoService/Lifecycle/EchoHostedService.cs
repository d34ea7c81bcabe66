using System.Runtime.InteropServices;
using EchoService.Transport;

namespace EchoService.Lifecycle;

/// <summary>
/// Ties the data plane to the host: it listens before the management API does, and on the way out it is drained
/// while the management API still answers. The host runs StoppingAsync of all services before it stops any, Kestrel
/// included, which is why the drain lives there.
/// </summary>
internal sealed class EchoHostedService(EchoServer server, ServiceLifecycle lifecycle) : IHostedLifecycleService, IDisposable
{
    private readonly List<PosixSignalRegistration> _signals = [];
    private int _signalCount;

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        server.Listen();
        // The host's console lifetime turns the first signal into a stop. This counts on: the second one forces.
        foreach (var signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT })
        {
            _signals.Add(PosixSignalRegistration.Create(signal, OnSignal));
        }

        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Watch(ServicePhase previous, ServicePhase phase)
        {
            if (phase == ServicePhase.Drained)
            {
                drained.TrySetResult();
            }
        }

        lifecycle.PhaseChanged += Watch;
        Watch(lifecycle.Phase, lifecycle.BeginDrain(new DrainRequest(), DrainTrigger.Signal).Phase);
        using (cancellationToken.Register(lifecycle.Force))
        {
            await drained.Task.ConfigureAwait(false);
        }

        lifecycle.PhaseChanged -= Watch;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _signals.ForEach(signal => signal.Dispose());

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _signalCount) > 1)
        {
            lifecycle.Force();
        }
    }
}
