namespace EchoService.Transport.ProxyProtocol;

/// <summary>Whether connections begin with a PROXY protocol header. Never sniffed: a client could then forge one.</summary>
internal enum ProxyProtocolMode
{
    /// <summary>No header is expected; its bytes would be echoed like any others.</summary>
    Off,

    /// <summary>Every connection must begin with a version 1 or 2 header.</summary>
    Required,
}
