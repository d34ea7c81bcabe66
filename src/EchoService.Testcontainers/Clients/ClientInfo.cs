using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>A connection at one moment.</summary>
public sealed record ClientInfo
{
    /// <summary>Never reused within a process.</summary>
    public required long Id { get; init; }

    /// <summary>The client: as the PROXY header has it where there is one, else the socket's peer.</summary>
    public required string RemoteEndPoint { get; init; }

    /// <summary>The socket's peer.</summary>
    public required string PeerEndPoint { get; init; }

    /// <summary>Our end of the socket; null where it was gone before anyone asked.</summary>
    public required string? LocalEndPoint { get; init; }

    /// <summary>Whether a PROXY header named the client.</summary>
    public required bool Proxied { get; init; }

    /// <summary>Where it is in its life.</summary>
    public required ConnectionState State { get; init; }

    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset ConnectedAt { get; init; }

    /// <summary>How long it has been or was connected.</summary>
    [JsonPropertyName("ageSeconds")]
    [JsonConverter(typeof(SecondsConverter))]
    public required TimeSpan Age { get; init; }

    /// <summary>When bytes last came; null while none have.</summary>
    public required DateTimeOffset? LastReceivedAt { get; init; }

    /// <summary>When bytes last went back; null while none have.</summary>
    public required DateTimeOffset? LastSentAt { get; init; }

    /// <summary>How long no byte has moved in either direction.</summary>
    [JsonPropertyName("idleSeconds")]
    [JsonConverter(typeof(SecondsConverter))]
    public required TimeSpan Idle { get; init; }

    /// <summary>Bytes received from it.</summary>
    public required long BytesReceived { get; init; }

    /// <summary>Bytes sent back to it.</summary>
    public required long BytesSent { get; init; }

    /// <summary>Bytes received and not sent back yet; 0 once closed.</summary>
    public required long PendingBytes { get; init; }

    /// <summary>When it ended; null while it has not.</summary>
    public required DateTimeOffset? ClosedAt { get; init; }

    /// <summary>Who asked for its end; null while it is open.</summary>
    public required CloseReason? CloseReason { get; init; }

    /// <summary>Whether it ended in order or was cut off; null while it has not.</summary>
    public required ClosedHow? ClosedHow { get; init; }

    /// <summary>Bytes received that were never handed to the kernel for the way back; 0 while it is open.</summary>
    public required long BytesUnsent { get; init; }

    /// <summary>The share that a call of <c>POST /clients/close</c> shed which closed it; null where none did.</summary>
    public required double? ClosePercent { get; init; }

    /// <summary>Which port it came by: echo, or the one with a banner.</summary>
    public required ListenerKind Listener { get; init; }

    /// <summary>The fault that has had hold of it for longest, or that has ended it; null: none.</summary>
    public required long? Fault { get; init; }
}
