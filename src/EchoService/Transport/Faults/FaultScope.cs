namespace EchoService.Transport.Faults;

/// <summary>Which connections a fault takes hold of, by when they came.</summary>
internal enum FaultScope
{
    /// <summary>Those accepted before it begins and those accepted while it lasts.</summary>
    All,

    /// <summary>Those accepted while it lasts.</summary>
    New,

    /// <summary>Those accepted before it begins.</summary>
    Open,
}
