using EchoService.Configuration;
using EchoService.Transport.Accepting;

namespace EchoService.ControlPlane.Connections;

/// <summary>
/// Who is connected to the management API, and how many may be. When every place is taken somebody gives way to a
/// newcomer, so that strangers who hold all the places keep out neither a probe nor a scrape: who has asked for nothing
/// rather than who has been answered, and that one rather than who is being answered; of each the one for whom nothing
/// has happened for longest. The further a client has come the longer nobody takes its place, so that whoever asks at
/// once is answered also among many that come again and again.
/// </summary>
internal sealed class ManagementConnections(
    ManagementOptions options, DescriptorBudget budget, TimeProvider time, ILogger<ManagementConnections> logger)
{
    /// <summary>How long a newcomer has to ask for something.</summary>
    public static readonly TimeSpan SilentGrace = TimeSpan.FromMilliseconds(100);

    /// <summary>How long an answer has to reach the kernel, and a client to ask for the next thing.</summary>
    public static readonly TimeSpan AnsweredGrace = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// How long an answer may take. It is a millisecond or two; this is for a processor that others have. Longer, and few
    /// places would let in too few a second for a probe among a thousand strangers who ask and read nothing.
    /// </summary>
    public static readonly TimeSpan AskingGrace = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan WarningInterval = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly HashSet<ManagementConnection> _open = [];

    // Each in the order in which they came. Readers of /events are in none; they have a limit of their own.
    private readonly LinkedList<ManagementConnection> _silent = new();
    private readonly LinkedList<ManagementConnection> _answered = new();
    private readonly LinkedList<ManagementConnection> _asking = new();

    private int _eventStreams;
    private long _rejected;
    private long _rejectedSaid;
    private long? _warnedAt;

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

    /// <summary>Connections that gave way to another, or were not let in, because every place was taken.</summary>
    public long Rejected => Interlocked.Read(ref _rejected);

    /// <summary>The most readers of <c>/events</c> at once: half of the connections at most, so that there is always one that can give way.</summary>
    public int EventStreamLimit { get; } = Math.Min(options.MaxEventStreams, budget.Management / 2);

    /// <summary>Readers of <c>/events</c> now.</summary>
    public int EventStreams => Volatile.Read(ref _eventStreams);

    /// <summary>How long it takes until a place is free or somebody can give way; 0 if that is so now.</summary>
    public TimeSpan TimeToRoom()
    {
        lock (_lock)
        {
            if (_open.Count < Limit)
            {
                return TimeSpan.Zero;
            }

            var least = TimeSpan.FromTicks(Math.Min(Left(_silent, SilentGrace).Ticks, Math.Min(Left(_answered, AnsweredGrace).Ticks, Left(_asking, AskingGrace).Ticks)));
            return least > TimeSpan.Zero ? least : TimeSpan.Zero;
        }
    }

    /// <summary>Takes a place for <paramref name="connection"/>.</summary>
    /// <param name="connection">A newcomer.</param>
    /// <param name="hasAsked">Whether it has sent a request already.</param>
    /// <returns>Whom it was taken from, and who has to be aborted; null if there was one left.</returns>
    public ManagementConnection? Add(ManagementConnection connection, bool hasAsked)
    {
        lock (_lock)
        {
            ManagementConnection? loser = null;
            if (_open.Count >= Limit)
            {
                loser = WhoGivesWay();
                Leave(loser);
                CountRejected();
            }

            _open.Add(connection);
            Enter(hasAsked ? _asking : _silent, connection);
            return loser;
        }
    }

    /// <summary>Notes that a newcomer was not let in.</summary>
    public void Reject()
    {
        lock (_lock)
        {
            CountRejected();
        }
    }

    /// <summary>A request begins on <paramref name="connection"/>.</summary>
    /// <param name="connection">The connection it came on.</param>
    /// <param name="isWhole">Whether all of it is here: of a body it is not known, and who sends half of one has not asked yet.</param>
    public void BeginRequest(ManagementConnection connection, bool isWhole)
    {
        lock (_lock)
        {
            connection.Requests++;
            Move(connection, isWhole ? _asking : _silent);
        }
    }

    /// <summary>A request on <paramref name="connection"/> is answered.</summary>
    public void EndRequest(ManagementConnection connection)
    {
        lock (_lock)
        {
            connection.Requests--;
            Move(connection, connection.Requests > 0 ? _asking : _answered);
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
            connection.EventStreams++;
            connection.Node.List?.Remove(connection.Node);
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

    private ManagementConnection WhoGivesWay()
    {
        var list = Left(_silent, SilentGrace) <= TimeSpan.Zero ? _silent
            : Left(_answered, AnsweredGrace) <= TimeSpan.Zero ? _answered
            : Left(_asking, AskingGrace) <= TimeSpan.Zero ? _asking
            // Nobody has had its time, where several listeners look for room at once.
            : _silent.Count > 0 ? _silent : _answered.Count > 0 ? _answered : _asking;
        return list.First!.Value;
    }

    /// <summary>How much of its time the first of <paramref name="list"/> has left; the maximum if there is none.</summary>
    private TimeSpan Left(LinkedList<ManagementConnection> list, TimeSpan grace) =>
        list.First is { Value: var first } ? grace - time.GetElapsedTime(first.Since) : TimeSpan.MaxValue;

    private void Enter(LinkedList<ManagementConnection> list, ManagementConnection connection)
    {
        connection.Since = time.GetTimestamp();
        list.AddLast(connection.Node);
    }

    /// <summary>Unless it has given way already, or reads events.</summary>
    private void Move(ManagementConnection connection, LinkedList<ManagementConnection> list)
    {
        if (connection.Node.List is { } before)
        {
            before.Remove(connection.Node);
            Enter(list, connection);
        }
    }

    private void Leave(ManagementConnection connection)
    {
        _open.Remove(connection);
        connection.Node.List?.Remove(connection.Node);
    }

    private void CountRejected()
    {
        _rejected++;
        if (_warnedAt is not { } warned || time.GetElapsedTime(warned) >= WarningInterval)
        {
            Log.EveryPlaceIsTaken(logger, Limit, _rejected - _rejectedSaid);
            _rejectedSaid = _rejected;
            _warnedAt = time.GetTimestamp();
        }
    }

    private void EndEventStream(ManagementConnection connection)
    {
        lock (_lock)
        {
            _eventStreams--;
            if (--connection.EventStreams == 0 && _open.Contains(connection))
            {
                Enter(_answered, connection);
            }
        }
    }

    private sealed class EventStreamPlace(ManagementConnections connections, ManagementConnection connection) : IDisposable
    {
        public void Dispose() => connections.EndEventStream(connection);
    }
}
