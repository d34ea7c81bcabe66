using System.Net;
using EchoService.Transport.Addressing;
using Microsoft.AspNetCore.Connections.Features;

namespace EchoService.ControlPlane.Access;

/// <summary>Who is at the other end of the request's own socket.</summary>
internal static class TransportPeer
{
    /// <summary>
    /// The socket's peer; null where it has none, as over a Unix socket. Not <c>HttpContext.Connection</c>, in which
    /// middleware puts what a header claims (<c>ASPNETCORE_FORWARDEDHEADERS_ENABLED</c>).
    /// </summary>
    public static IPAddress? Of(HttpContext context)
    {
        try
        {
            return (context.Features.Get<IConnectionSocketFeature>()?.Socket.RemoteEndPoint as IPEndPoint)?.Address.Plain();
        }
        catch (ObjectDisposedException)
        {
            // The client has gone meanwhile.
            return null;
        }
    }
}
