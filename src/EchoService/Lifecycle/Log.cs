namespace EchoService.Lifecycle;

/// <summary>What the lifecycle says. Event ids are never reused (<c>docs/logging.md</c>).</summary>
internal static partial class Log
{
    [LoggerMessage(EventId = 2000, Level = LogLevel.Information, Message = "Phase is now {Phase}")]
    public static partial void PhaseChanged(ILogger logger, ServicePhase phase);

    [LoggerMessage(EventId = 2001, Level = LogLevel.Information, Message = "Drain started by {Trigger}: {Connections} connections, deadline {Deadline:O}")]
    public static partial void DrainStarted(ILogger logger, DrainTrigger trigger, long connections, DateTimeOffset deadline);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Information, Message = "Drain taken back")]
    public static partial void DrainCancelled(ILogger logger);

    [LoggerMessage(EventId = 2003, Level = LogLevel.Warning, Message = "Drain deadline passed with {Connections} connections left; closing them by force")]
    public static partial void DrainForcing(ILogger logger, int connections);

    [LoggerMessage(EventId = 2004, Level = LogLevel.Information, Message = "Drained: {ByClient} connections closed by their clients, {Gracefully} gracefully, {Forced} by force")]
    public static partial void Drained(ILogger logger, long byClient, long gracefully, long forced);
}
