using EchoService.Transport.Faults;

namespace EchoService.Configuration;

/// <summary>The section <c>Faults</c>.</summary>
internal static class FaultSettings
{
    public const string Section = "Faults";

    public static IReadOnlyList<Setting<FaultOptions>> Table { get; } =
    [
        new Setting<FaultOptions, bool>("Enabled", ValueFormats.Boolean, (options, value) => options with { Enabled = value }),
    ];
}
