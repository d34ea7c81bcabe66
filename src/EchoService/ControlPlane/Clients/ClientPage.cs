using EchoService.Transport.Connections;

namespace EchoService.ControlPlane.Clients;

/// <summary>The connections that a query asks for, picked in one pass that keeps no more than a page.</summary>
/// <param name="Total">How many match, on all pages.</param>
/// <param name="Connections">Those on this page, in order.</param>
/// <param name="Next">Where this page ends; null when nobody is left.</param>
internal sealed record ClientPage(int Total, IReadOnlyList<EchoConnection> Connections, ClientPosition? Next)
{
    private static readonly Comparer<ClientPosition> LastFirst = Comparer<ClientPosition>.Create((left, right) => right.CompareTo(left));

    /// <param name="registry">Whom to choose from.</param>
    /// <param name="query">What is wanted.</param>
    /// <param name="after">Where the page before this one ended; null for the first.</param>
    /// <param name="now">Milliseconds of the server's clock.</param>
    public static ClientPage Select(ConnectionRegistry registry, ClientQuery query, ClientPosition? after, long now)
    {
        var ended = query.Filter.State == ConnectionState.Closed;
        // The page so far, its last one on top.
        var page = new PriorityQueue<EchoConnection, ClientPosition>(query.Limit, LastFirst);
        var total = 0;
        var candidates = 0;
        foreach (var connection in ended ? registry.Ended : registry.Live)
        {
            if (!query.Filter.Matches(connection, now))
            {
                continue;
            }

            total++;
            var position = query.Order.PositionOf(connection, ended);
            if (after is { } end && position.CompareTo(end) <= 0)
            {
                continue;
            }

            candidates++;
            if (page.Count < query.Limit)
            {
                page.Enqueue(connection, position);
            }
            else
            {
                page.EnqueueDequeue(connection, position);
            }
        }

        ClientPosition? next = candidates > page.Count && page.TryPeek(out _, out var last) ? last : null;
        var connections = new EchoConnection[page.Count];
        for (var i = connections.Length - 1; i >= 0; i--)
        {
            connections[i] = page.Dequeue();
        }

        return new ClientPage(total, connections, next);
    }
}
