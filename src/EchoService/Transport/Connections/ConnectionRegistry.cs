using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace EchoService.Transport.Connections;

/// <summary>Who is connected, and who was lately. Readers take snapshots and never make a connection wait.</summary>
/// <remarks>
/// The live ones are a hash table whose chains run through the connections themselves, so that one costs eight bytes
/// and no allocation. A connection is never added twice and keeps its link when it leaves: whoever is reading goes on
/// from it to others that were there with it.
/// </remarks>
internal sealed class ConnectionRegistry
{
    /// <summary>How many ended connections are remembered.</summary>
    public const int RememberedConnections = 1000;

    /// <summary>512 KiB of table; beyond that many connections chains get longer instead.</summary>
    private const int MostBuckets = 65_536;

    private readonly Lock _lock = new();
    private readonly EchoConnection?[] _buckets;
    private readonly ConcurrentQueue<EchoConnection> _ended = new();

    /// <param name="expected">About how many will be live at a time at most.</param>
    public ConnectionRegistry(int expected) =>
        _buckets = new EchoConnection?[BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(expected, 1, MostBuckets))];

    /// <summary>Open and closing connections, in no order. Enumerates without locks: who comes or goes meanwhile may be missed.</summary>
    public IEnumerable<EchoConnection> Live
    {
        get
        {
            for (var i = 0; i < _buckets.Length; i++)
            {
                for (var connection = Volatile.Read(ref _buckets[i]); connection is not null; connection = connection.NextInBucket)
                {
                    yield return connection;
                }
            }
        }
    }

    /// <summary>The last <see cref="RememberedConnections"/> that ended, oldest first.</summary>
    public IEnumerable<EchoConnection> Ended => _ended;

    /// <summary>Finds an open or closing connection.</summary>
    public bool TryFind(long id, [NotNullWhen(true)] out EchoConnection? connection)
    {
        connection = Volatile.Read(ref BucketOf(id));
        while (connection is not null && connection.Id != id)
        {
            connection = connection.NextInBucket;
        }

        return connection is not null;
    }

    /// <summary>Finds a connection that ended lately.</summary>
    public EchoConnection? FindEnded(long id) => _ended.FirstOrDefault(connection => connection.Id == id);

    public void Add(EchoConnection connection)
    {
        lock (_lock)
        {
            ref var first = ref BucketOf(connection.Id);
            connection.NextInBucket = first;
            Volatile.Write(ref first, connection);
        }
    }

    public void MoveToEnded(EchoConnection connection)
    {
        // In both for a moment rather than in neither.
        _ended.Enqueue(connection);
        Remove(connection);
        while (_ended.Count > RememberedConnections)
        {
            _ended.TryDequeue(out _);
        }
    }

    private void Remove(EchoConnection connection)
    {
        lock (_lock)
        {
            ref var first = ref BucketOf(connection.Id);
            if (first == connection)
            {
                Volatile.Write(ref first, connection.NextInBucket);
                return;
            }

            for (var previous = first; previous is not null; previous = previous.NextInBucket)
            {
                if (previous.NextInBucket == connection)
                {
                    previous.NextInBucket = connection.NextInBucket;
                    return;
                }
            }
        }
    }

    // Ids are given out in a row, so the low bits spread them evenly.
    private ref EchoConnection? BucketOf(long id) => ref _buckets[id & (_buckets.Length - 1)];
}
