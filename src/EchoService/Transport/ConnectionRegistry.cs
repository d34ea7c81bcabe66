using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace EchoService.Transport;

/// <summary>Who is connected, and who was lately. Readers take snapshots and never make a connection wait.</summary>
internal sealed class ConnectionRegistry
{
    /// <summary>How many ended connections are remembered.</summary>
    public const int RememberedConnections = 1000;

    private readonly ConcurrentDictionary<long, EchoConnection> _live = new();
    private readonly ConcurrentQueue<EchoConnection> _ended = new();

    /// <summary>Open and closing connections, in no order. Enumerates without locks: who comes or goes meanwhile may be missed.</summary>
    public IEnumerable<EchoConnection> Live
    {
        get
        {
            // The dictionary's own enumerator; its Values property would copy under all of its locks.
            foreach (var (_, connection) in _live)
            {
                yield return connection;
            }
        }
    }

    /// <summary>The last <see cref="RememberedConnections"/> that ended, oldest first.</summary>
    public IEnumerable<EchoConnection> Ended => _ended;

    /// <summary>Finds an open or closing connection.</summary>
    public bool TryFind(long id, [NotNullWhen(true)] out EchoConnection? connection) => _live.TryGetValue(id, out connection);

    /// <summary>Finds a connection that ended lately.</summary>
    public EchoConnection? FindEnded(long id) => _ended.FirstOrDefault(connection => connection.Id == id);

    public void Add(EchoConnection connection) => _live[connection.Id] = connection;

    public void MoveToEnded(EchoConnection connection)
    {
        // In both for a moment rather than in neither.
        _ended.Enqueue(connection);
        _live.TryRemove(connection.Id, out _);
        while (_ended.Count > RememberedConnections)
        {
            _ended.TryDequeue(out _);
        }
    }
}
