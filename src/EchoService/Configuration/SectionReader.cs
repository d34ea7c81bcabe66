using System.Globalization;

namespace EchoService.Configuration;

/// <summary>Reads a section by its table. Every problem is noted, not only the first.</summary>
internal sealed class SectionReader(IConfiguration configuration, List<string> problems)
{
    private const string NotShown = "(not shown)";

    /// <summary>Reads <paramref name="section"/>; settings that are not given keep their defaults.</summary>
    /// <param name="section">The section's name.</param>
    /// <param name="table">Its settings.</param>
    /// <param name="check">Looks at the settings together, once each is sound.</param>
    public TOptions Read<TOptions>(string section, IReadOnlyList<Setting<TOptions>> table, Func<TOptions, IEnumerable<string>>? check = null)
        where TOptions : new()
    {
        var options = new TOptions();
        var before = problems.Count;
        // What was meant by an unknown key may be the secret.
        var holdsSecret = table.Any(setting => setting.IsSecret);
        foreach (var (key, value) in Leaves(configuration.GetSection(section), section))
        {
            if (!table.Any(setting => Names(setting, section, key)))
            {
                var nearest = table.Select(setting => $"{section}:{setting.Key}").MinBy(known => Distance(known.ToUpperInvariant(), key.ToUpperInvariant()));
                problems.Add($"{key} = {(holdsSecret ? NotShown : $"\"{value}\"")}: is not a setting; the nearest is {nearest}");
            }
        }

        foreach (var setting in table)
        {
            var text = Value(configuration.GetSection($"{section}:{setting.Key}"), setting.IsList);
            if (text is not null && !setting.TryApply(text, ref options, out var problem))
            {
                problems.Add($"{section}:{setting.Key} = {(setting.IsSecret ? NotShown : $"\"{text}\"")}: {problem}");
            }
        }

        if (check is not null && problems.Count == before)
        {
            problems.AddRange(check(options));
        }

        return options;
    }

    private static string? Value(IConfigurationSection section, bool isList)
    {
        var items = isList ? section.GetChildren().Where(child => IsIndex(child.Key)).Select(child => child.Value).OfType<string>().ToArray() : [];
        return items.Length > 0 ? string.Join(",", items) : section.Value;
    }

    private static bool Names<TOptions>(Setting<TOptions> setting, string section, string key)
    {
        var known = $"{section}:{setting.Key}";
        return key.Equals(known, StringComparison.OrdinalIgnoreCase)
            || (setting.IsList && key.StartsWith(known + ":", StringComparison.OrdinalIgnoreCase)
                && IsIndex(key.AsSpan(known.Length + 1)));
    }

    private static bool IsIndex(ReadOnlySpan<char> key) => int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    /// <summary>Every key below <paramref name="section"/> that has a value. A value of the section itself is somebody else's variable.</summary>
    private static IEnumerable<(string Key, string Value)> Leaves(IConfigurationSection section, string path)
    {
        foreach (var child in section.GetChildren())
        {
            var key = $"{path}:{child.Key}";
            if (child.Value is not null)
            {
                yield return (key, child.Value);
            }

            foreach (var leaf in Leaves(child, key))
            {
                yield return leaf;
            }
        }
    }

    /// <summary>Single-character insertions, deletions and replacements between two texts (Levenshtein).</summary>
    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[right.Length];
    }
}
