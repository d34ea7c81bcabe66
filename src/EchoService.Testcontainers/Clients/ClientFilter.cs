using System.Globalization;
using System.Text;
using System.Text.Json;

namespace EchoService.Testcontainers;

/// <summary>Which clients are asked for, and in which order. What is left out is no condition.</summary>
public sealed record ClientFilter
{
    /// <summary>Where they are in their life. Without it, open and closing; of those that are closed the last 1000 are known.</summary>
    public ConnectionState? State { get; init; }

    /// <summary>Which port they came by.</summary>
    public ListenerKind? Listener { get; init; }

    /// <summary>Only clients from this address or range (CIDR).</summary>
    public string? Remote { get; init; }

    /// <summary>Only clients that have been connected for at least this long.</summary>
    public TimeSpan? MinAge { get; init; }

    /// <summary>Only clients that have neither sent nor received a byte for at least this long.</summary>
    public TimeSpan? MinIdle { get; init; }

    /// <summary>Only clients that have at least this many bytes not sent back yet.</summary>
    public long? MinPendingBytes { get; init; }

    /// <summary>Only clients that the fault of this id has hold of, or has ended.</summary>
    public long? Fault { get; init; }

    /// <summary>The order.</summary>
    public ClientSort Sort { get; init; }

    /// <summary>Whether the order is turned round.</summary>
    public bool Descending { get; init; }

    /// <summary>Clients on a page: 1 to 1000; 100 where none is given.</summary>
    public int? PageSize { get; init; }

    internal string ToQuery(string? cursor)
    {
        var query = new StringBuilder();
        Add("state", Name(State));
        Add("listener", Name(Listener));
        Add("remote", Remote);
        Add("minAgeSeconds", Number(MinAge?.TotalSeconds));
        Add("minIdleSeconds", Number(MinIdle?.TotalSeconds));
        Add("minPendingBytes", Number(MinPendingBytes));
        Add("fault", Number(Fault));
        Add("sort", Sort != default || Descending ? (Descending ? "-" : "") + Name<ClientSort>(Sort) : null);
        Add("limit", Number(PageSize));
        Add("cursor", cursor);
        return query.ToString();

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                query.Append(query.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
            }
        }
    }

    private static string? Name<TEnum>(TEnum? value)
        where TEnum : struct, Enum => value is { } given ? JsonNamingPolicy.CamelCase.ConvertName(given.ToString()) : null;

    private static string? Number<T>(T? value)
        where T : struct, IFormattable => value?.ToString(null, CultureInfo.InvariantCulture);
}
