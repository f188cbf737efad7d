using RstGuard.Tcp;

namespace RstGuard.Tests.Tcp;

public sealed class SequenceHolesTests
{
    [Fact]
    public void LateSegment_CountsOnce()
    {
        SequenceHoles holes = new();
        holes.Add(1000, 3000);
        Assert.Equal(1000, holes.Fill(1000, 2000));
        Assert.Equal(0, holes.Fill(1000, 2000));
        Assert.Equal(1000, holes.Fill(2000, 3000));
        Assert.Equal(0, holes.Fill(0, 5000));
    }

    [Fact]
    public void SegmentInTheMiddle_LeavesBothSides()
    {
        SequenceHoles holes = new();
        holes.Add(1000, 4000);
        Assert.Equal(1000, holes.Fill(2000, 3000));
        Assert.Equal(2000, holes.Fill(500, 4500));
    }

    [Fact]
    public void Numbers_WrapAround()
    {
        SequenceHoles holes = new();
        holes.Add(uint.MaxValue - 99, 100);
        Assert.Equal(150, holes.Fill(uint.MaxValue - 99, 50));
        Assert.Equal(50, holes.Fill(50, 100));
    }

    [Fact]
    public void MoreThanItHolds_IsNotCounted()
    {
        SequenceHoles holes = new();
        for (uint i = 0; i < 1000; i++)
        {
            holes.Add(i * 20, (i * 20) + 10);
        }

        Assert.InRange(holes.Fill(0, 20_000), 10, 1000);
        Assert.Equal(0, holes.Fill(0, 20_000));
    }
}
