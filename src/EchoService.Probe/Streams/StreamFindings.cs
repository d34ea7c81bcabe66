namespace EchoService.Probe.Streams;

/// <summary>What a piece of the stream was found to be.</summary>
/// <param name="Held">Bytes that cannot be judged before more come; they are now at the start of the buffer.</param>
/// <param name="WrongBytes">Came back different, or were never sent.</param>
/// <param name="MissingBytes">Never came, though bytes after them did.</param>
/// <param name="Corruption">Where the first wrong byte was; null where none was.</param>
/// <param name="IsSurplus">More came than was sent: there is no telling what the stream is from here on.</param>
internal readonly record struct StreamFindings(int Held, int WrongBytes, int MissingBytes, string? Corruption, bool IsSurplus);
