using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;

namespace EchoService.Probe.CommandLine;

/// <summary>The kinds of options there are; each says by itself what it takes when it is given something else.</summary>
internal static class OptionKinds
{
    private const string DurationForms = "a duration such as 500ms, 10s, 2m or 00:01:00";

    public static Option<T> Number<T>(string name, string alias, string description, T value, T least, T most)
        where T : struct, IComparable<T>, ISpanParsable<T>
    {
        return new Option<T>(name, alias)
        {
            Description = description,
            DefaultValueFactory = _ => value,
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (T.TryParse(text, CultureInfo.InvariantCulture, out var number) && number.CompareTo(least) >= 0 && number.CompareTo(most) <= 0)
                {
                    return number;
                }

                result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} must be a number from {least} to {most}, not '{text}'."));
                return default;
            },
        };
    }

    public static Option<TimeSpan> Duration(string name, string alias, string description, TimeSpan value) => new(name, alias)
    {
        Description = description,
        DefaultValueFactory = _ => value,
        CustomParser = result => ParseDuration(result, name) ?? default,
    };

    /// <summary>A duration, or 0 for one without an end.</summary>
    public static Option<TimeSpan> DurationOrEndless(string name, string alias, string description, TimeSpan value) => new(name, alias)
    {
        Description = description,
        DefaultValueFactory = _ => value,
        CustomParser = result => result.Tokens[0].Value == "0" ? TimeSpan.Zero : ParseDuration(result, name) ?? default,
    };

    public static TimeSpan? ParseDuration(ArgumentResult result, string name)
    {
        var text = result.Tokens[0].Value;
        if (DurationText.TryParse(text, out var duration) && duration >= TimeSpan.FromMilliseconds(1) && duration <= TimeSpan.FromDays(7))
        {
            return duration;
        }

        result.AddError($"{name} must be {DurationForms}, from 1ms to 168h, not '{text}'.");
        return null;
    }

    /// <summary>Whatever <paramref name="parse"/> understands.</summary>
    /// <param name="name">Of the option.</param>
    /// <param name="description">For the help.</param>
    /// <param name="forms">What it takes, for the complaint.</param>
    /// <param name="parse">Null: not understood.</param>
    public static Option<T?> Parsed<T>(string name, string description, string forms, Func<string, T?> parse) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            var value = parse(text);
            if (value is null)
            {
                result.AddError($"{name} must be {forms}, not '{text}'.");
            }

            return value;
        },
    };

    public static Option<Limit?> Limit(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (Probe.Limit.TryParse(text, out var limit))
            {
                return limit;
            }

            result.AddError($"{name} must be a whole number or a share such as 0.1%, not '{text}'.");
            return null;
        },
    };

    /// <summary>One of an enum's values, in camelCase.</summary>
    public static Option<T?> Choice<T>(string name, string description)
        where T : struct, Enum
    {
        var values = Enum.GetValues<T>().ToDictionary(value => JsonNamingPolicy.CamelCase.ConvertName(value.ToString()));
        var words = string.Join(", ", values.Keys);
        return new Option<T?>(name)
        {
            Description = description,
            HelpName = string.Join('|', values.Keys),
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (values.TryGetValue(text, out var value))
                {
                    return value;
                }

                result.AddError($"{name} must be one of {words}, not '{text}'.");
                return null;
            },
        };
    }
}
