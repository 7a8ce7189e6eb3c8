using System.Text;
using Interactive.Monitoring;

namespace Interactive.Engine.Tests.Monitoring;

public class EventFileTests
{
    [Fact]
    public void Crc_and_mask_are_the_published_ones()
    {
        Assert.Equal(0xE3069283u, Crc32C.Compute("123456789"u8));
        Assert.Equal(0xC78AB0E5u, Crc32C.Masked("123456789"u8));
    }

    [Fact]
    public void A_record_has_the_bytes_of_the_format()
    {
        var stream = new MemoryStream();
        EventFile.Record(stream, "123456789"u8);
        Assert.Equal("0900000000000000" + "37F97139" + "313233343536373839" + "E5B08AC7",
            Convert.ToHexString(stream.ToArray()));
    }

    [Fact]
    public void A_file_begins_with_its_version_and_holds_the_scalar()
    {
        var stream = new MemoryStream();
        new EventFile(stream).Scalar("train/loss", 300, 0.5f);
        var bytes = stream.ToArray();
        var first = Encoding.ASCII.GetString(bytes, 12, (int)BitConverter.ToUInt64(bytes));
        Assert.EndsWith("brain.Event:2", first);
        var second = bytes.AsSpan(12 + (int)BitConverter.ToUInt64(bytes) + 4 + 12);
        Assert.Contains("10AC02", Convert.ToHexString(second[..^4])); // step 300 as a varint
        Assert.Contains("0A0A747261696E2F6C6F7373150000003F", Convert.ToHexString(second[..^4])); // tag and 0.5f
    }
}
