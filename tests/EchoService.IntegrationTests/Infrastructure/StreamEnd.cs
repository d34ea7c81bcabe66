namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>How the other side ended a stream, as its client sees it.</summary>
internal enum StreamEnd
{
    /// <summary>In good order.</summary>
    Fin,

    /// <summary>The connection is gone, and with it what was under way.</summary>
    Reset,
}
