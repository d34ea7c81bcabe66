using EchoService.Transport.Buffers;
using EchoService.Transport.ProxyProtocol;

namespace EchoService.Transport.Connections;

/// <summary>What comes before a connection echoes, as long as more than sending a banner is to be done.</summary>
internal sealed class Prologue
{
    /// <summary>Reads the PROXY header; null: it has been read.</summary>
    public ProxyHeaderReader? Header { get; init; }

    /// <summary>The line to send after it; null: there is none.</summary>
    public byte[]? Banner { get; init; }

    /// <summary>What came with the header, and waits until the banner is out.</summary>
    public BufferSegment Rest { get; init; }
}
