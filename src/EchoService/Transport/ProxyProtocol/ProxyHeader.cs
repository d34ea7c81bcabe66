using System.Net;

namespace EchoService.Transport.ProxyProtocol;

/// <summary>What a complete PROXY protocol header says.</summary>
/// <param name="Length">Bytes of the header; what comes after them is the client's.</param>
/// <param name="Client">The client; null where the header names none, and the socket's own ends count.</param>
internal readonly record struct ProxyHeader(int Length, IPEndPoint? Client);
