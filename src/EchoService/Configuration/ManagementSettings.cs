using System.Diagnostics.CodeAnalysis;

namespace EchoService.Configuration;

/// <summary>The section <c>Management</c>.</summary>
internal static class ManagementSettings
{
    public const string Section = "Management";

    // Shorter ones can be found by trying.
    private const int ShortestKey = 16;

    private const int LongestKey = 512;

    private static readonly ValueFormat<string> Key = new(
        $"{ShortestKey} to {LongestKey} visible ASCII characters without spaces",
        (string text, [MaybeNullWhen(false)] out string value) =>
        {
            value = text;
            return text.Length is >= ShortestKey and <= LongestKey && text.All(character => character is > ' ' and < '\x7F');
        });

    private static readonly ValueFormat<string> KeyFile = new(
        $"a readable file that holds one key of {Key.Allowed}", (string text, [MaybeNullWhen(false)] out string value) => TryReadKey(text, out value, out _), DescribeKeyFile);

    public static IReadOnlyList<Setting<ManagementOptions>> Table { get; } =
    [
        new Setting<ManagementOptions, string>("ApiKey", Key, (options, value) => options with { ApiKey = value }) { IsSecret = true },
        new Setting<ManagementOptions, string>("ApiKeyFile", KeyFile, (options, value) => options with { ApiKey = value }),
        new Setting<ManagementOptions, long>("MaxConnections", ValueFormats.Integer(8, 65_535), (options, value) => options with { MaxConnections = (int)value }),
        new Setting<ManagementOptions, long>("MaxEventStreams", ValueFormats.Integer(0, 65_535), (options, value) => options with { MaxEventStreams = (int)value }),
        new Setting<ManagementOptions, Uri>("PublicUrl", ValueFormats.Url, (options, value) => options with { PublicUrl = value }),
    ];

    private static string? DescribeKeyFile(string path) => TryReadKey(path, out _, out var reason) ? null : reason;

    private static bool TryReadKey(string path, [NotNullWhen(true)] out string? key, out string? reason)
    {
        key = reason = null;
        try
        {
            // No more than a key and a newline: what was named could be a disk, or a device that never ends.
            using var reader = new StreamReader(path);
            var buffer = new char[LongestKey + 3];
            key = new string(buffer, 0, reader.ReadBlock(buffer)).TrimEnd('\r', '\n');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            reason = exception.Message;
            return false;
        }

        return Key.TryParse(key, out _);
    }
}
