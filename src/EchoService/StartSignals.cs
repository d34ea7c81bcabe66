using System.Runtime.InteropServices;

namespace EchoService;

/// <summary>
/// Takes the signals that come while the service starts, when the host does not do so yet or would end in the middle of
/// it with an exception.
/// </summary>
/// <remarks>Made before anything else, so it uses nothing but the core library: to load another takes milliseconds.</remarks>
internal sealed class StartSignals : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration _terminate;
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _quit;

    public StartSignals()
    {
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        _quit = PosixSignalRegistration.Create(PosixSignal.SIGQUIT, OnSignal);
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Takes no more of them. The token remains as it is.</summary>
    public void Dispose()
    {
        _terminate.Dispose();
        _interrupt.Dispose();
        _quit.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        _source.Cancel();
    }
}
