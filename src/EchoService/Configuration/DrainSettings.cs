using EchoService.Lifecycle;

namespace EchoService.Configuration;

/// <summary>The section <c>Drain</c>.</summary>
internal static class DrainSettings
{
    public const string Section = "Drain";

    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    public static IReadOnlyList<Setting<DrainOptions>> Table { get; } =
    [
        Row("ReadinessDelay", ValueFormats.Duration(TimeSpan.Zero, Longest), (options, value) => options with { ReadinessDelay = value }),
        Row("Timeout", ValueFormats.Duration(TimeSpan.Zero, Longest), (options, value) => options with { Timeout = value }),
        Row("Spread", ValueFormats.Duration(TimeSpan.Zero, Longest, minusOne: "not before the deadline"), (options, value) => options with { Spread = value }),
        Row("OnDeadline", ValueFormats.Name<DeadlineAction>(), (options, value) => options with { OnDeadline = value }),
    ];

    private static Setting<DrainOptions, T> Row<T>(string key, ValueFormat<T> format, Func<DrainOptions, T, DrainOptions> set) => new(key, format, set);
}
