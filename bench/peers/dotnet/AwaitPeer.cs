using System.Net;
using System.Net.Sockets;

namespace EchoService.Bench.Peers;

/// <summary>The echo server that most C# programmers would write today: one async loop per connection.</summary>
internal static class AwaitPeer
{
    private const int BufferSize = 16 * 1024;

    public static async Task RunAsync(int port)
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        listener.Listen(512);
        while (true)
        {
            _ = EchoAsync(await listener.AcceptAsync());
        }
    }

    private static async Task EchoAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                socket.NoDelay = true;
                var buffer = GC.AllocateUninitializedArray<byte>(BufferSize);
                int received;
                while ((received = await socket.ReceiveAsync(buffer)) > 0)
                {
                    for (var sent = 0; sent < received;)
                    {
                        sent += await socket.SendAsync(buffer.AsMemory(sent, received - sent));
                    }
                }
            }
            catch (SocketException)
            {
                // The client went away; nobody else is concerned.
            }
        }
    }
}
