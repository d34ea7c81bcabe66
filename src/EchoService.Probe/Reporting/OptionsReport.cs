namespace EchoService.Probe.Reporting;

/// <summary>The options in force; null where the command has no such option.</summary>
internal sealed record OptionsReport(
    int Connections,
    double? Rate,
    int? Pipeline,
    int Size,
    double DurationSeconds,
    double TimeoutSeconds,
    double? LateSeconds,
    bool Strict);
