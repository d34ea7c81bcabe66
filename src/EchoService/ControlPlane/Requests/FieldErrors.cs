using System.Globalization;

namespace EchoService.ControlPlane.Requests;

/// <summary>Collects what is wrong with a body, by field, so that a caller learns of everything at once.</summary>
internal sealed class FieldErrors
{
    /// <summary>A day: longer than any drain or spread is meant to take.</summary>
    public const double DaySeconds = 86_400;

    private Dictionary<string, string[]>? _errors;

    /// <summary>What was found; null when nothing was.</summary>
    public IDictionary<string, string[]>? Result => _errors;

    public void Add(string field, string error) => (_errors ??= [])[field] = [error];

    /// <param name="field">As JSON has it.</param>
    /// <param name="value">Null is fine.</param>
    /// <param name="min">The least.</param>
    /// <param name="max">The most.</param>
    /// <param name="also">What else is allowed, in words.</param>
    public void AddUnlessWithin(string field, double? value, double min, double max, string also = "")
    {
        // Written so that NaN, too, is outside.
        if (value is { } number && !(number >= min && number <= max))
        {
            Add(field, string.Create(CultureInfo.InvariantCulture, $"must be a number from {min:0} to {max:0} {also}").TrimEnd());
        }
    }
}
