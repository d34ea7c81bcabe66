namespace EchoService.Transport.Connections;

/// <summary>What a connection has moved, and when. Written by its loop alone, read by anyone.</summary>
/// <remarks>A mutable structure: a field of its connection, never copied. Times are milliseconds of the server's clock.</remarks>
internal struct ConnectionFigures(long now)
{
    private long _bytesReceived;
    private long _bytesSent;
    private long _bytesDiscarded;
    private long _bytesAltered;
    private long _lastReceivedAt = now;
    private long _lastSentAt = now;

    public readonly long BytesReceived => Volatile.Read(in _bytesReceived);

    public readonly long BytesSent => Volatile.Read(in _bytesSent);

    /// <summary>Bytes that are not echoed: those of a PROXY header, and those that came after our FIN.</summary>
    public readonly long BytesDiscarded => Volatile.Read(in _bytesDiscarded);

    /// <summary>Bytes that faults have added, less those that they have dropped: what was received and this together is to be sent.</summary>
    public readonly long BytesAltered => Volatile.Read(in _bytesAltered);

    public readonly long LastReceivedAt => Volatile.Read(in _lastReceivedAt);

    public readonly long LastSentAt => Volatile.Read(in _lastSentAt);

    public void OnReceived(int count, long now)
    {
        _bytesReceived += count;
        _lastReceivedAt = now;
    }

    public void OnSent(int count, long now)
    {
        // The time before the count: who sees that the bytes are out sees when.
        _lastSentAt = now;
        _bytesSent += count;
    }

    public void OnAltered(int difference) => _bytesAltered += difference;

    public void OnDiscarded(int count) => _bytesDiscarded += count;
}
