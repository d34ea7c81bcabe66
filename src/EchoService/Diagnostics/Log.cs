namespace EchoService.Diagnostics;

/// <summary>What diagnostics say. Event ids are never reused (<c>docs/logging.md</c>).</summary>
internal static partial class Log
{
    [LoggerMessage(
        EventId = 4000,
        Level = LogLevel.Information,
        Message = "Last {Seconds} s: {Accepted} accepted, {Closed} closed, {Rejected} rejected, {AcceptErrors} accept errors, {BytesReceived} bytes received, {BytesSent} bytes sent; {Active} open now")]
    public static partial void Traffic(
        ILogger logger, double seconds, long accepted, long closed, long rejected, long acceptErrors, long bytesReceived, long bytesSent, long active);
}
