namespace EchoService.Testcontainers;

/// <summary>
/// A fault for the service to have: one of the nested types, and no other. Faults must be on
/// (<see cref="EchoServiceBuilder.WithFaults"/>); <see cref="EchoManagementClient.InjectAsync"/> begins one.
/// </summary>
public abstract record Fault
{
    private Fault()
    {
    }

    /// <summary>When it ends by itself: more than zero, up to an hour.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Which of the nested types it is, as the API calls it.</summary>
    public abstract FaultKind Kind { get; }

    internal virtual FaultBody ToBody() => new() { Kind = Kind, DurationSeconds = Duration.TotalSeconds };

    /// <summary>A fault that is about some clients, or about some of their datagrams.</summary>
    public abstract record AboutClients : Fault
    {
        private protected AboutClients()
        {
        }

        /// <summary>Only clients from this address or range (CIDR). Where ports are published, they come from the engine's network.</summary>
        public string? Remote { get; init; }

        /// <summary>How much of what it meets it is about: 0 to 100 (default), drawn once for each connection, or for each datagram.</summary>
        public double? Percent { get; init; }

        /// <summary>What chance is drawn from, so that a run can be repeated: 0 to 2,147,483,647. Without it one is drawn.</summary>
        public long? Seed { get; init; }

        internal override FaultBody ToBody() => base.ToBody() with { Remote = Remote, Percent = Percent, Seed = Seed };
    }

    /// <summary>A fault that takes hold of connections.</summary>
    public abstract record AboutConnections : AboutClients
    {
        private protected AboutConnections()
        {
        }

        /// <summary>Which connections, by when they were accepted; all where none is given.</summary>
        public FaultScope? Connections { get; init; }

        internal override FaultBody ToBody() => base.ToBody() with { Connections = Connections };
    }

    /// <summary>Each echo leaves later, in order.</summary>
    public sealed record Delay : AboutConnections
    {
        /// <inheritdoc/>
        public override FaultKind Kind => FaultKind.Delay;

        /// <summary>How much later: 0 to 10 minutes.</summary>
        public required TimeSpan By { get; init; }

        /// <summary>How much more than that at most, drawn for each read: up to 10 minutes.</summary>
        public TimeSpan? Jitter { get; init; }

        internal override FaultBody ToBody() => base.ToBody() with { Milliseconds = By.TotalMilliseconds, JitterMilliseconds = Jitter?.TotalMilliseconds };
    }

    /// <summary>Each connection gets so many bytes a second.</summary>
    public sealed record Throttle : AboutConnections
    {
        /// <inheritdoc/>
        public override FaultKind Kind => FaultKind.Throttle;

        /// <summary>1 to 1,000,000,000.</summary>
        public required long BytesPerSecond { get; init; }

        internal override FaultBody ToBody() => base.ToBody() with { BytesPerSecond = BytesPerSecond };
    }

    /// <summary>Nothing is read or sent until it ends; what is in hand stays.</summary>
    public sealed record Stall : AboutConnections
    {
        /// <inheritdoc/>
        public override FaultKind Kind => FaultKind.Stall;
    }

    /// <summary>The echo leaves in pieces.</summary>
    public sealed record Slice : AboutConnections
    {
        /// <inheritdoc/>
        public override FaultKind Kind => FaultKind.Slice;

        /// <summary>The size of a piece: 1 to 1,000,000.</summary>
        public required long Bytes { get; init; }

        /// <summary>The time between two pieces, up to a minute; none where it is not given.</summary>
        public TimeSpan? Every { get; init; }

        internal override FaultBody ToBody() => base.ToBody() with { Bytes = Bytes, EveryMilliseconds = Every?.TotalMilliseconds };
    }

    /// <summary>RST. Through a published port it may arrive as FIN: <see cref="EchoServiceContainer.DirectEchoEndPoint"/>.</summary>
    public sealed record Reset : AboutConnections
    {
        /// <inheritdoc/>
        public override FaultKind Kind => FaultKind.Reset;

        /// <summary>After so many bytes sent since it took hold of the connection: 0 to 1,000,000,000,000.</summary>
        public long? AfterBytes { get; init; }

        /// <summary>After so long since then, up to an hour. With <see cref="AfterBytes"/> too, whichever comes first; with neither, at once.</summary>
        public TimeSpan? After { get; init; }

        internal override FaultBody ToBody() => base.ToBody() with { AfterBytes = AfterBytes, AfterSeconds = After?.TotalSeconds };
    }

    /// <summary>FIN, in the middle of a message too.</summary>
    public sealed record Fin : AboutConnections
    {
        /// <inheritdoc/>
        public override FaultKind Kind => FaultKind.Fin;

        /// <summary>After so many bytes sent since it took hold of the connection: 0 to 1,000,000,000,000.</summary>
        public long? AfterBytes { get; init; }

        /// <summary>After so long since then, up to an hour. With <see cref="AfterBytes"/> too, whichever comes first; with neither, at once.</summary>
        public TimeSpan? After { get; init; }

        internal override FaultBody ToBody() => base.ToBody() with { AfterBytes = AfterBytes, AfterSeconds = After?.TotalSeconds };
    }

    /// <summary>Of so many bytes received the last comes back inverted.</summary>
    public sealed record Corrupt : AboutConnections
    {
        /// <inheritdoc/>
        public override FaultKind Kind => FaultKind.Corrupt;

        /// <summary>Of how many bytes: 1 to 1,000,000,000,000, counted from when it took hold of the connection.</summary>
        public required long EveryBytes { get; init; }

        internal override FaultBody ToBody() => base.ToBody() with { EveryBytes = EveryBytes };
    }

    /// <summary>Of so many bytes received the last does not come back.</summary>
    public sealed record Drop : AboutConnections
    {
        /// <inheritdoc/>
        public override FaultKind Kind => FaultKind.Drop;

        /// <summary>Of how many bytes: 1 to 1,000,000,000,000, counted from when it took hold of the connection.</summary>
        public required long EveryBytes { get; init; }

        internal override FaultBody ToBody() => base.ToBody() with { EveryBytes = EveryBytes };
    }

    /// <summary>Of so many bytes received the last comes back twice.</summary>
    public sealed record Duplicate : AboutConnections
    {
        /// <inheritdoc/>
        public override FaultKind Kind => FaultKind.Duplicate;

        /// <summary>Of how many bytes: 1 to 1,000,000,000,000, counted from when it took hold of the connection.</summary>
        public required long EveryBytes { get; init; }

        internal override FaultBody ToBody() => base.ToBody() with { EveryBytes = EveryBytes };
    }

    /// <summary>The client's FIN is not answered until it ends.</summary>
    public sealed record KeepOpen : AboutConnections
    {
        /// <inheritdoc/>
        public override FaultKind Kind => FaultKind.KeepOpen;
    }

    /// <summary>The listeners are closed, UDP's too, and the ports are kept. Behind a published port connects may still succeed, and then end.</summary>
    public sealed record Refuse : Fault
    {
        /// <inheritdoc/>
        public override FaultKind Kind => FaultKind.Refuse;
    }

    /// <summary>The listeners stay, and nobody is accepted.</summary>
    public sealed record NoAccept : Fault
    {
        /// <inheritdoc/>
        public override FaultKind Kind => FaultKind.NoAccept;
    }

    /// <summary>New connections are accepted and reset at once.</summary>
    public sealed record ResetNew : AboutClients
    {
        /// <inheritdoc/>
        public override FaultKind Kind => FaultKind.ResetNew;
    }

    /// <summary><c>/readyz</c> says 503, and all else serves.</summary>
    public sealed record Unready : Fault
    {
        /// <inheritdoc/>
        public override FaultKind Kind => FaultKind.Unready;
    }

    /// <summary><c>/readyz</c> says 200 through a drain.</summary>
    public sealed record FalseReady : Fault
    {
        /// <inheritdoc/>
        public override FaultKind Kind => FaultKind.FalseReady;
    }

    /// <summary>A datagram is not answered.</summary>
    public sealed record UdpDrop : AboutClients
    {
        /// <inheritdoc/>
        public override FaultKind Kind => FaultKind.UdpDrop;
    }

    /// <summary>A datagram is answered later.</summary>
    public sealed record UdpDelay : AboutClients
    {
        /// <inheritdoc/>
        public override FaultKind Kind => FaultKind.UdpDelay;

        /// <summary>How much later: 0 to 10 minutes.</summary>
        public required TimeSpan By { get; init; }

        internal override FaultBody ToBody() => base.ToBody() with { Milliseconds = By.TotalMilliseconds };
    }

    /// <summary>A datagram is answered twice.</summary>
    public sealed record UdpDuplicate : AboutClients
    {
        /// <inheritdoc/>
        public override FaultKind Kind => FaultKind.UdpDuplicate;
    }
}
