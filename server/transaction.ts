// Writes that are no change of a customer, and so need no turn of the workspace.
import type { Ask, Database, Row } from './database.ts';
import { isConnectionError, unavailable } from './problem.ts';

/** Runs the statements in one transaction. Gives the rows of each. */
export async function inTransaction(database: Database, statements: Ask[]): Promise<Row[][]> {
  const session = await database.begin();
  try {
    const sent = statements.map(([statement, values]) => session.query(statement, values));
    const [rows, committed] = await Promise.all([Promise.all(sent), session.commit()]);
    if (!committed) throw new Error('PostgreSQL rolled the transaction back.');
    session.release();
    return rows;
  } catch (error) {
    session.release(true);
    throw isConnectionError(error) ? unavailable(error) : error;
  }
}
