using System.Net;
using EchoService.Bench.Peers.Sample;

namespace EchoService.Bench.Peers;

/// <summary>Starts Microsoft's sample server; only the arguments and the wait at the end are ours.</summary>
internal static class SamplePeer
{
    // The sample allocates all of it at start: 2 × 19,000 × 16 KiB, of which only what is touched becomes resident.
    private const int Connections = 19_000;
    private const int ReceiveBufferSize = 48 * 1024;

    public static void Run(int port)
    {
        var server = new Server(Connections, ReceiveBufferSize);
        server.Init();
        server.Start(new IPEndPoint(IPAddress.Any, port));
        Thread.Sleep(Timeout.Infinite);
    }
}
