using System.Text.Json;

namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>What <c>GET /stats</c> says, as far as the data-plane tests look at it.</summary>
internal sealed record ServiceStats
{
    public required long Active { get; init; }

    public required long Peak { get; init; }

    public required long Limit { get; init; }

    public required long Accepted { get; init; }

    /// <summary>Closed connections by reason.</summary>
    public required IReadOnlyDictionary<string, long> Closed { get; init; }

    /// <summary>Rejected connections by reason.</summary>
    public required IReadOnlyDictionary<string, long> Rejected { get; init; }

    public required long BytesReceived { get; init; }

    public required long BytesSent { get; init; }

    public required long EventArgsCapacity { get; init; }

    public required long EventArgsCreated { get; init; }

    public required long EventArgsInUse { get; init; }

    public required long BufferBytesInUse { get; init; }

    public required long BufferBytesReserved { get; init; }

    public long ClosedTotal => Closed.Values.Sum();

    /// <summary>Bytes that were received and never sent back.</summary>
    public long BytesUnsent => BytesReceived - BytesSent;

    public static ServiceStats Parse(JsonElement stats)
    {
        var connections = stats.GetProperty("connections");
        var bytes = stats.GetProperty("bytes");
        var eventArgs = stats.GetProperty("pools").GetProperty("eventArgs");
        var buffers = stats.GetProperty("pools").GetProperty("buffers");
        return new ServiceStats
        {
            Active = connections.GetProperty("active").GetInt64(),
            Peak = connections.GetProperty("peak").GetInt64(),
            Limit = connections.GetProperty("limit").GetInt64(),
            Accepted = connections.GetProperty("accepted").GetInt64(),
            Closed = Counts(connections.GetProperty("closed")),
            Rejected = Counts(connections.GetProperty("rejected")),
            BytesReceived = bytes.GetProperty("received").GetInt64(),
            BytesSent = bytes.GetProperty("sent").GetInt64(),
            EventArgsCapacity = eventArgs.GetProperty("capacity").GetInt64(),
            EventArgsCreated = eventArgs.GetProperty("created").GetInt64(),
            EventArgsInUse = eventArgs.GetProperty("inUse").GetInt64(),
            BufferBytesInUse = buffers.GetProperty("bytesInUse").GetInt64(),
            BufferBytesReserved = buffers.GetProperty("bytesReserved").GetInt64(),
        };
    }

    public override string ToString() =>
        $"active {Active}, accepted {Accepted}, closed {string.Join(' ', Closed)}, rejected {string.Join(' ', Rejected)}, "
        + $"received {BytesReceived}, sent {BytesSent}, event args {EventArgsInUse}/{EventArgsCreated}, buffers {BufferBytesInUse}/{BufferBytesReserved}";

    private static Dictionary<string, long> Counts(JsonElement counts) =>
        counts.EnumerateObject().ToDictionary(count => count.Name, count => count.Value.GetInt64());
}
