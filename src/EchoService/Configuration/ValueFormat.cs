using System.Diagnostics.CodeAnalysis;

namespace EchoService.Configuration;

/// <summary>Parses a text, strictly: nothing is guessed, rounded or clamped.</summary>
internal delegate bool TryParse<T>(string text, [MaybeNullWhen(false)] out T value);

/// <summary>How a kind of value is written, for settings and query parameters alike.</summary>
/// <param name="Allowed">What is allowed, as it goes on after "must be".</param>
/// <param name="TryParse">Parses it.</param>
/// <param name="Hint">What somebody who wrote this probably meant; null where that is not clear.</param>
internal sealed record ValueFormat<T>(string Allowed, TryParse<T> TryParse, Func<string, string?>? Hint = null)
{
    /// <summary>Why <paramref name="text"/> was refused.</summary>
    public string Explain(string text) => Hint?.Invoke(text) is { } hint ? $"must be {Allowed}; {hint}" : $"must be {Allowed}";
}
