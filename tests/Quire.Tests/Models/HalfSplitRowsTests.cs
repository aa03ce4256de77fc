using Quire.Models;
using Quire.Tensors;
using Quire.Tests.Kernels;

namespace Quire.Tests.Models;

public sealed class HalfSplitRowsTests
{
    [Fact]
    public void Row_2i_plus_j_of_a_stored_head_is_row_i_plus_half_a_head_times_j()
    {
        const int size = 8;
        var stored = new StoredMatrix(WeightFormat.F32, 2 * size, 4, 1);
        var rows = new HalfSplitRows(stored, size, size);
        var values = new float[4];
        for (int head = 0; head < 2; head++)
        {
            for (int i = 0; i < size / 2; i++)
            {
                for (int j = 0; j < 2; j++)
                {
                    rows.Read((head * size) + i + (j * size / 2), values);
                    Assert.Equal(stored.Row((head * size) + (2 * i) + j), values);
                }
            }
        }
    }
}
