using System.Text.Json;
using System.Text.Json.Serialization;

namespace EchoService.Bench;

/// <summary>One line per slice, so that a person can still read the file and a diff of it.</summary>
internal sealed class SliceConverter : JsonConverter<Slice>
{
    private static readonly JsonSerializerOptions OneLine = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new MeasureConverter() },
    };

    public override Slice? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonSerializer.Deserialize<Slice>(ref reader, OneLine);

    public override void Write(Utf8JsonWriter writer, Slice value, JsonSerializerOptions options) =>
        writer.WriteRawValue($"\n{new string(' ', 2 * writer.CurrentDepth)}{JsonSerializer.Serialize(value, OneLine)}");

    /// <summary>Five digits are more than any measure here is good for.</summary>
    private sealed class MeasureConverter : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            var digits = value == 0 ? 0 : Math.Clamp(4 - (int)Math.Floor(Math.Log10(Math.Abs(value))), 0, 15);
            writer.WriteNumberValue(Math.Round(value, digits));
        }
    }
}
