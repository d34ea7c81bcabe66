namespace EchoService.ControlPlane;

/// <summary>What the management API says. Event ids are never reused (<c>docs/logging.md</c>).</summary>
internal static partial class Log
{
    [LoggerMessage(EventId = 3000, Level = LogLevel.Information, Message = "Management listening on {Url}")]
    public static partial void Listening(ILogger logger, string url);

    [LoggerMessage(EventId = 3001, Level = LogLevel.Warning, Message = "The management key has fewer than {Shortest} characters: it can be found by trying")]
    public static partial void KeyIsShort(ILogger logger, int shortest);
}
