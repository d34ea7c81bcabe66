namespace EchoService.Lifecycle;

/// <summary>Who asked for a drain.</summary>
internal enum DrainTrigger
{
    /// <summary>A call of <c>POST /drain</c>: can be taken back, leaves the process running.</summary>
    Api,

    /// <summary>SIGTERM, SIGQUIT or Ctrl-C: ends with the process.</summary>
    Signal,
}
