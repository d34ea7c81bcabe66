namespace EchoService.Probe;

internal enum ProbeMode
{
    /// <summary>Closed loop: a connection sends its next message when one has been answered.</summary>
    Load,

    /// <summary>Open loop: messages are due at a fixed rate, whatever the server does.</summary>
    Watch,
}
