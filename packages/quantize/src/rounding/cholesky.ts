/** The factor L of a symmetric positive definite matrix [size, size] = L · Lᵀ, in the place of its lower half. */
export function cholesky(matrix: Float64Array, size: number): void {
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * size + column];
      for (let at = 0; at < column; at++) sum -= matrix[row * size + at] * matrix[column * size + at];
      matrix[row * size + column] = row === column ? Math.sqrt(sum) : sum / matrix[column * size + column];
    }
  }
}
