using System.Net.Sockets;

namespace EchoService.Transport.Udp;

/// <summary>The port is there for TCP but not for UDP.</summary>
internal sealed class UdpBindException(SocketError error) : SocketException((int)error);
