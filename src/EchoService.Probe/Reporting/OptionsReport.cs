namespace EchoService.Probe.Reporting;

/// <summary>The options in force; null where the command has no such option, and a duration of 0 where there was no end.</summary>
internal sealed record OptionsReport(
    int Connections,
    double? Rate,
    double? NewRate,
    int? Pipeline,
    int Size,
    double DurationSeconds,
    double TimeoutSeconds,
    double? LateSeconds,
    bool Strict,
    bool Banner,
    bool Explain);
