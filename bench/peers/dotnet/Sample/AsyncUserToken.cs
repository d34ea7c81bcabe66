// Named but not shown by the sample of the .NET API documentation: a holder of the connection's socket.
#nullable disable

using System.Net.Sockets;

namespace EchoService.Bench.Peers.Sample;

internal sealed class AsyncUserToken
{
    public Socket Socket { get; set; }
}
