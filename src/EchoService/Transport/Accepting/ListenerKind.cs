namespace EchoService.Transport.Accepting;

/// <summary>Which of the TCP listeners a connection came by.</summary>
internal enum ListenerKind : byte
{
    /// <summary><c>Echo:Port</c>: echo from the first byte on.</summary>
    Echo,

    /// <summary><c>Echo:BannerPort</c>: a line that says who answers, and then echo.</summary>
    Banner,
}
