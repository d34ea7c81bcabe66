using System.Text.Json;
using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>A duration as the API writes it: seconds, a number; -1 stands for something that its field explains.</summary>
internal sealed class SecondsConverter : JsonConverter<TimeSpan>
{
    public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => TimeSpan.FromSeconds(reader.GetDouble());

    public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(value == Timeout.InfiniteTimeSpan ? -1 : value.TotalSeconds);
}
