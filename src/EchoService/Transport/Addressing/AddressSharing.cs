using System.Net.Sockets;

namespace EchoService.Transport.Addressing;

/// <summary>SO_REUSEADDR alone: .NET's option of that name sets SO_REUSEPORT too, which shares the load.</summary>
internal static class AddressSharing
{
    /// <summary>Lets a socket share its port with others that do, or not. Does nothing where the system is not Linux, whose numbers it takes.</summary>
    /// <exception cref="SocketException">The system refused.</exception>
    public static void Set(Socket socket, bool share)
    {
        const int SolSocket = 1;
        const int SoReuseAddress = 2;
        if (OperatingSystem.IsLinux())
        {
            socket.SetRawSocketOption(SolSocket, SoReuseAddress, BitConverter.GetBytes(share ? 1 : 0));
        }
    }
}
