using System.Buffers;
using System.Net;

namespace EchoService.Transport.ProxyProtocol;

/// <summary>
/// Gathers the header of one connection from however many reads it takes; exists only until it is there. A header
/// that comes in one piece, as proxies send it, is parsed where it was received.
/// </summary>
internal sealed class ProxyHeaderReader
{
    private ArrayBufferWriter<byte>? _earlier;

    /// <param name="received">What this read brought.</param>
    /// <param name="consumed">How much of it belongs to the header, once that is complete. The rest is the client's.</param>
    /// <param name="client">The client; null where the header names none.</param>
    public ProxyHeaderStatus Read(ReadOnlySpan<byte> received, out int consumed, out IPEndPoint? client)
    {
        var all = received;
        var before = 0;
        if (_earlier is { } earlier)
        {
            // Never more than a header can have, so a connection cannot make the buffer grow by what it sends.
            before = earlier.WrittenCount;
            earlier.Write(received[..Math.Min(received.Length, ProxyHeaderParser.MaxLength - before)]);
            all = earlier.WrittenSpan;
        }

        var status = ProxyHeaderParser.Parse(all, out var header);
        if (status == ProxyHeaderStatus.Incomplete && _earlier is null)
        {
            _earlier = new ArrayBufferWriter<byte>();
            _earlier.Write(received);
        }

        consumed = header.Length - before;
        client = header.Client;
        return status;
    }
}
