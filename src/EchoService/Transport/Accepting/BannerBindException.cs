using System.Net.Sockets;

namespace EchoService.Transport.Accepting;

/// <summary>The port for plain echo is there, but not the one with a banner.</summary>
internal sealed class BannerBindException(SocketError error) : SocketException((int)error);
