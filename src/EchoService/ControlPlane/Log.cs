using System.Net.Sockets;

namespace EchoService.ControlPlane;

/// <summary>What the management API says. Event ids are never reused (<c>docs/logging.md</c>).</summary>
internal static partial class Log
{
    [LoggerMessage(EventId = 3000, Level = LogLevel.Information, Message = "Management listening on {Url}")]
    public static partial void Listening(ILogger logger, string url);

    [LoggerMessage(EventId = 3010, Level = LogLevel.Information, Message = "Calls that change something need the key")]
    public static partial void KeyIsNeeded(ILogger logger);

    [LoggerMessage(EventId = 3011, Level = LogLevel.Information, Message = "Calls that change something are taken from loopback alone, without a key; where a proxy on this machine passes calls on, set Management:ApiKey or Management:ApiKeyFile")]
    public static partial void LoopbackIsNeeded(ILogger logger);

    [LoggerMessage(EventId = 3012, Level = LogLevel.Information, Message = "{Method} {Path} by {Caller}: {Change}")]
    public static partial void Changed(ILogger logger, string method, string path, string caller, string change);

    [LoggerMessage(EventId = 3013, Level = LogLevel.Warning, Message = "{Count} calls with a wrong key, the last from {Caller}. Said once a minute at most")]
    public static partial void WrongKeys(ILogger logger, long count, string caller);

    [LoggerMessage(EventId = 3014, Level = LogLevel.Warning, Message = "Accepting for the management API failed ({Error}); trying again in {DelayMilliseconds} ms. Said once a minute at most")]
    public static partial void AcceptBackedOff(ILogger logger, SocketError error, double delayMilliseconds);

    [LoggerMessage(EventId = 3015, Level = LogLevel.Warning, Message = "Every place of the management API is taken, {Limit} in all: {Count} connections gave way to others or were not let in. Said once a minute at most; echo_management_connections_rejected_total counts all")]
    public static partial void EveryPlaceIsTaken(ILogger logger, int limit, long count);
}
