using System.Net;
using System.Net.Sockets;
using EchoService.Transport.Faults;

namespace EchoService.Transport;

/// <summary>What the data plane says. Nothing per message; event ids are never reused (<c>docs/logging.md</c>).</summary>
internal static partial class Log
{
    [LoggerMessage(EventId = 1000, Level = LogLevel.Information, Message = "Echo listening on {EndPoint} (tcp)")]
    public static partial void Listening(ILogger logger, IPEndPoint endPoint);

    [LoggerMessage(EventId = 1001, Level = LogLevel.Warning, Message = "Echo:MaxConnections is {Configured}, but the limit on open files leaves room for {Limit}, which counts. See ulimit -n, LimitNOFILE or the container's nofile")]
    public static partial void LimitLowered(ILogger logger, int configured, int limit);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Information, Message = "Echo listening on {EndPoint} (udp)")]
    public static partial void ListeningForDatagrams(ILogger logger, IPEndPoint endPoint);

    [LoggerMessage(EventId = 1003, Level = LogLevel.Information, Message = "Echo listening on {EndPoint} (tcp, with a banner)")]
    public static partial void ListeningWithBanner(ILogger logger, IPEndPoint endPoint);

    [LoggerMessage(EventId = 1010, Level = LogLevel.Warning, Message = "Accepting failed ({Error}); trying again in {DelayMilliseconds} ms. Said once a minute at most; echo_accept_errors_total counts all")]
    public static partial void AcceptBackedOff(ILogger logger, SocketError error, double delayMilliseconds);

    [LoggerMessage(EventId = 1011, Level = LogLevel.Warning, Message = "Receiving datagrams failed ({Error}); trying again in {DelayMilliseconds} ms. Said once a minute at most")]
    public static partial void ReceivingBackedOff(ILogger logger, SocketError error, double delayMilliseconds);

    [LoggerMessage(EventId = 1020, Level = LogLevel.Error, Message = "Connection {Id} failed in an unexpected way and was closed")]
    public static partial void ConnectionFailed(ILogger logger, long id, Exception exception);

    [LoggerMessage(EventId = 1021, Level = LogLevel.Debug, Message = "Connection {Id} was reset by its client {Peer}")]
    public static partial void ConnectionReset(ILogger logger, long id, EndPoint peer);

    [LoggerMessage(EventId = 1030, Level = LogLevel.Information, Message = "Fault {Id} began: {Kind}, for {Seconds} s at most")]
    public static partial void FaultBegan(ILogger logger, long id, FaultKind kind, double seconds);

    [LoggerMessage(EventId = 1031, Level = LogLevel.Information, Message = "Fault {Id} ended: {Kind}, {Why}, after {Connections} connections or datagrams and {Bytes} bytes")]
    public static partial void FaultEnded(ILogger logger, long id, FaultKind kind, FaultEnd why, long connections, long bytes);

    [LoggerMessage(EventId = 1032, Level = LogLevel.Warning, Message = "The listener that a fault had closed cannot be bound again ({Error}); trying again in {DelayMilliseconds} ms. Said once a minute at most")]
    public static partial void ListenerNotBack(ILogger logger, SocketError error, double delayMilliseconds);

    [LoggerMessage(EventId = 1022, Level = LogLevel.Error, Message = "A datagram failed in an unexpected way and was dropped")]
    public static partial void DatagramFailed(ILogger logger, Exception exception);
}
