using EchoService.Transport.ProxyProtocol;

namespace EchoService.Transport.Connections;

/// <summary>What comes before a connection echoes: a PROXY header to read, a banner to send, or the one after the other.</summary>
internal sealed class Prologue
{
    /// <summary>Reads the header; null: there is none.</summary>
    public ProxyHeaderReader? Header { get; init; }

    /// <summary>The line to send; null: there is none.</summary>
    public byte[]? Banner { get; init; }

    /// <summary>Where in the buffer the bytes begin that came with the header, and wait until the banner is out.</summary>
    public int Offset { get; set; }

    /// <summary>How many they are.</summary>
    public int Count { get; set; }
}
