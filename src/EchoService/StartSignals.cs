using System.Runtime.InteropServices;

namespace EchoService;

/// <summary>
/// Takes the signals that come while the service starts, when the host does not do so yet or would end in the middle of
/// it with an exception.
/// </summary>
internal sealed class StartSignals : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    public StartSignals() => _registrations =
        [.. new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT }.Select(signal => PosixSignalRegistration.Create(signal, OnSignal))];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Takes no more of them. The token remains as it is.</summary>
    public void Dispose() => Array.ForEach(_registrations, registration => registration.Dispose());

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        _source.Cancel();
    }
}
