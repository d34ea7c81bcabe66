using System.Diagnostics.CodeAnalysis;

namespace EchoService.Configuration;

/// <summary>One row of a section's table: a key, how its value is written, and where it goes.</summary>
/// <remarks>Defaults are those of the options record itself, so that each is written once.</remarks>
/// <typeparam name="TOptions">The section.</typeparam>
internal abstract class Setting<TOptions>(string key, string allowed)
{
    /// <summary>The key within its section, for example <c>Udp:Enabled</c>.</summary>
    public string Key { get; } = key;

    /// <summary>What is allowed, as it goes on after "must be".</summary>
    public string Allowed { get; } = allowed;

    /// <summary>Whether the value must not be shown.</summary>
    public bool IsSecret { get; init; }

    /// <summary>Whether the value may also be given as a list (<c>Key:0</c>, <c>Key:1</c>, …).</summary>
    public bool IsList { get; init; }

    /// <summary>Sets the value in <paramref name="options"/>, or says what would be allowed.</summary>
    public abstract bool TryApply(string text, ref TOptions options, [NotNullWhen(false)] out string? problem);
}

/// <summary>A <see cref="Setting{TOptions}"/> of a kind of value.</summary>
internal sealed class Setting<TOptions, TValue>(string key, ValueFormat<TValue> format, Func<TOptions, TValue, TOptions> set) : Setting<TOptions>(key, format.Allowed)
{
    public override bool TryApply(string text, ref TOptions options, [NotNullWhen(false)] out string? problem)
    {
        if (!format.TryParse(text, out var value))
        {
            problem = format.Explain(text);
            return false;
        }

        options = set(options, value);
        problem = null;
        return true;
    }
}
