using System.Net;
using System.Net.Sockets;

namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>
/// A port for a program that does not tell which one it got for 0. It is below those that the kernel gives out by itself
/// (ip_local_port_range), so that no client and no other test has it by the time the program binds it.
/// </summary>
internal static class FreePort
{
    // Above the source ports that tests of the probe ask for.
    private const int First = 22_000;
    private const int Count = 10_000;

    private static int _last = Random.Shared.Next(Count);

    public static int Take()
    {
        while (true)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref _last) % Count);
            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(IPAddress.Any, port));
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }
}
