using EchoService.Configuration;
using EchoService.Transport.Accepting;

namespace EchoService.ControlPlane.Connections;

/// <summary>
/// Who is connected to the management API, and how many may be. When every place is taken a newcomer is let in all the
/// same, and whoever has not been in use for longest gives way: strangers who hold all the places keep out neither a
/// probe nor a scrape.
/// </summary>
internal sealed class ManagementConnections(ManagementOptions options, DescriptorBudget budget)
{
    private readonly Lock _lock = new();

    // Those that can give way, the longest unused first. Readers of /events cannot; they have a limit of their own.
    private readonly LinkedList<ManagementConnection> _unused = new();
    private readonly HashSet<ManagementConnection> _open = [];
    private int _eventStreams;
    private long _rejected;

    /// <summary>The most connections at once.</summary>
    public int Limit => budget.Management;

    /// <summary>Connections now.</summary>
    public int Active
    {
        get
        {
            lock (_lock)
            {
                return _open.Count;
            }
        }
    }

    /// <summary>Connections that gave way to another, because every place was taken.</summary>
    public long Rejected => Interlocked.Read(ref _rejected);

    /// <summary>The most readers of <c>/events</c> at once: half of the connections at most, so that there is always one that can give way.</summary>
    public int EventStreamLimit { get; } = Math.Min(options.MaxEventStreams, budget.Management / 2);

    /// <summary>Readers of <c>/events</c> now.</summary>
    public int EventStreams => Volatile.Read(ref _eventStreams);

    /// <summary>Takes a place for <paramref name="connection"/>.</summary>
    /// <returns>Whom it was taken from, and who has to be aborted; null if there was one left.</returns>
    public ManagementConnection? Add(ManagementConnection connection)
    {
        lock (_lock)
        {
            ManagementConnection? loser = null;
            if (_open.Count >= Limit)
            {
                loser = _unused.First!.Value;
                Leave(loser);
                _rejected++;
            }

            _open.Add(connection);
            _unused.AddLast(connection.Node);
            return loser;
        }
    }

    /// <summary>A request begins or ends on <paramref name="connection"/>: others give way before it.</summary>
    public void Touch(ManagementConnection connection)
    {
        lock (_lock)
        {
            if (connection.Node.List is not null)
            {
                _unused.Remove(connection.Node);
                _unused.AddLast(connection.Node);
            }
        }
    }

    /// <summary>Takes a place for a reader of <c>/events</c> on <paramref name="connection"/>.</summary>
    /// <returns>What gives it back; null if there is none.</returns>
    public IDisposable? TryBeginEventStream(ManagementConnection connection)
    {
        lock (_lock)
        {
            if (_eventStreams >= EventStreamLimit)
            {
                return null;
            }

            _eventStreams++;
            if (connection.EventStreams++ == 0 && connection.Node.List is not null)
            {
                _unused.Remove(connection.Node);
            }

            return new EventStreamPlace(this, connection);
        }
    }

    /// <summary>The connection is over.</summary>
    public void Remove(ManagementConnection connection)
    {
        lock (_lock)
        {
            Leave(connection);
        }
    }

    /// <summary>Cuts off whoever is connected.</summary>
    public void AbortAll()
    {
        ManagementConnection[] open;
        lock (_lock)
        {
            open = [.. _open];
        }

        foreach (var connection in open)
        {
            connection.Abort();
        }
    }

    private void Leave(ManagementConnection connection)
    {
        _open.Remove(connection);
        if (connection.Node.List is not null)
        {
            _unused.Remove(connection.Node);
        }
    }

    private void EndEventStream(ManagementConnection connection)
    {
        lock (_lock)
        {
            _eventStreams--;
            if (--connection.EventStreams == 0 && _open.Contains(connection))
            {
                _unused.AddLast(connection.Node);
            }
        }
    }

    private sealed class EventStreamPlace(ManagementConnections connections, ManagementConnection connection) : IDisposable
    {
        public void Dispose() => connections.EndEventStream(connection);
    }
}
